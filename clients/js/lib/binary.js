// Where the binary is, and why it cannot be started.
'use strict';

const fs = require('node:fs');
const { TallyfyMockError } = require('./errors');
const { optionalDependencies } = require('../package.json');
const { version } = require('./version');

const VARIABLE = 'TALLYFY_MOCK_BIN';
const machine = `${process.platform}-${process.arch}`;
const platformPackage = `tallyfy-mock-${machine}`;
const install = `\`npm install --save-dev ${platformPackage}@${version}\``;

/** The binary that `TALLYFY_MOCK_BIN` names, or else the one of this platform's package. */
function findBinary() {
  const named = process.env[VARIABLE];
  if (named) return named;
  const file = process.platform === 'win32' ? 'tallyfy-mock.exe' : 'tallyfy-mock';
  try {
    return require.resolve(`${platformPackage}/${file}`);
  } catch {
    throw new TallyfyMockError(
      platformPackage in optionalDependencies
        ? `the package \`${platformPackage}\` is missing, which holds the binary (a lock file of another platform leaves it out): ${install}, or name a binary in ${VARIABLE}`
        : `there is no package with a binary for ${machine}: build one by \`cargo install tallyfy-mock\`, and name it in ${VARIABLE}`,
    );
  }
}

/** Why the system did not start that binary, and what to do. */
function whyNotStarted(binary, error) {
  const otherwise = whatToDo(binary);
  if (error.code === 'ENOENT' && !fs.existsSync(binary)) return new TallyfyMockError(`there is no \`${binary}\`: ${otherwise}`);
  if (error.code === 'EACCES' && fs.statSync(binary, { throwIfNoEntry: false })?.isFile()) {
    return new TallyfyMockError(`\`${binary}\` is not executable: \`chmod +x\` it, or ${otherwise}`);
  }
  if (fs.statSync(binary).isFile() && !isProgramHere(binary)) return noProgramHere(binary);
  return new TallyfyMockError(`\`${binary}\` cannot be started (${error.code ?? error.message}): ${otherwise}`);
}

/** Whether a file is a program for this machine, or a script: the system hands what is none to a shell, which reads on. */
function isProgramHere(binary) {
  const head = Buffer.alloc(20);
  const file = fs.openSync(binary);
  fs.readSync(file, head);
  fs.closeSync(file);
  if (head.toString('latin1', 0, 2) === '#!') return true;
  const magic = head.readUInt32BE(0);
  switch (process.platform) {
    case 'linux':
      return magic === 0x7f454c46 && head.readUInt16LE(18) === { x64: 62, arm64: 183 }[process.arch];
    case 'darwin':
      return magic === 0xcffaedfe || magic === 0xcafebabe;
    default:
      return head.toString('latin1', 0, 2) === 'MZ';
  }
}

/** What to do about a file that is no program for this machine. */
function noProgramHere(binary) {
  return new TallyfyMockError(`\`${binary}\` is no program for this machine (${machine}): ${whatToDo(binary)}`);
}

/** What to do about a mock that is older than this package. */
function tooOld(what, itsVersion, binary) {
  const otherwise = binary ? whatToDo(binary) : `start one of version ${version} there`;
  return new TallyfyMockError(`${what} is tallyfy-mock ${itsVersion}, older than the npm package ${version}: ${otherwise}`);
}

function whatToDo(binary) {
  return process.env[VARIABLE] === binary ? `unset ${VARIABLE} to use the one of the package, or ${install}` : install;
}

module.exports = { findBinary, isProgramHere, noProgramHere, tooOld, whyNotStarted };
