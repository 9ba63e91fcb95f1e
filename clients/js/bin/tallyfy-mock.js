#!/usr/bin/env node
// The command: hands everything on to the binary of this platform's package.
'use strict';

const { spawnSync } = require('node:child_process');
const { findBinary, whyNotStarted } = require('../lib/binary');

function run() {
  const binary = findBinary();
  // Signals go to the whole group of processes, so the binary has them too.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  const { error, status, signal } = spawnSync(binary, process.argv.slice(2), { stdio: 'inherit' });
  if (error) throw whyNotStarted(binary, error);
  return signal ? 1 : status;
}

try {
  process.exitCode = run();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
