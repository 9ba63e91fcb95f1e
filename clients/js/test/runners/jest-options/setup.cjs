module.exports = require('tallyfy-mock/jest').setup({ edition: '2025-08', controlToken: 'only-ours' });
