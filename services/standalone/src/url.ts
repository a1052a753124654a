import type { Address } from '@keyledger/command'

/** `http://127.0.0.1:4577`, `http://[::1]:4577`. */
export const urlOf = (scheme: 'http' | 'https', { host, port }: Address): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
