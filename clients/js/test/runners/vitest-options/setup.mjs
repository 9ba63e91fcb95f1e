import { setup } from 'tallyfy-mock/vitest';

export default setup({ edition: '2025-08', controlToken: 'only-ours' });
