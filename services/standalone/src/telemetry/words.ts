/** An error in one line, for people. */
export const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A text without the user and password that an address in it may carry: `redis://[secret]@jobs:6379`. */
export const scrubbed = (text: string): string => text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/gi, '$1[secret]@')
