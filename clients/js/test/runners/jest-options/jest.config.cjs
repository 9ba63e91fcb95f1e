module.exports = { globalSetup: './setup.cjs' };
