import manifest from '../package.json' with { type: 'json' }

/** keyledger's version. */
export const { version } = manifest
