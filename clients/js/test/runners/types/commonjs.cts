import tallyfy = require('tallyfy-mock');
import globalSetup = require('tallyfy-mock/jest');

tallyfy.TallyfyMock.connect('http://127.0.0.1:8255').then((mock) => mock.stop());
const setup: () => Promise<void> = globalSetup.setup({ edition: '2025-08' });
console.log(setup, globalSetup);
