#!/usr/bin/env node
// The command: hands everything on to the binary of this platform's package.
'use strict';

const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const { findBinary, whyNotStarted } = require('../lib/binary');

function fail(error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

function run() {
  const binary = findBinary();
  const child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' });
  child.on('error', (error) => fail(whyNotStarted(binary, error)));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
  // A terminal sends SIGINT to both; the others come to this process alone.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
}

try {
  run();
} catch (error) {
  fail(error);
}
