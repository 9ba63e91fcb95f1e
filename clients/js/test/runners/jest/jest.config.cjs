module.exports = { globalSetup: 'tallyfy-mock/jest' };
