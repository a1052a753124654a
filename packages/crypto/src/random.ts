import { randomFillSync } from 'node:crypto'

// One system call for 28 bytes costs more than the HMAC and the cipher set-up around it, so they are drawn 4 KiB at a
// time. What is handed out is zeroed here in the same breath: the pool can tell nobody what was used before.
const pool = Buffer.allocUnsafeSlow(4096)
let used = pool.length

/** Fills `target` from `offset` on with `length` bytes (at most 4096) from OpenSSL's generator. */
export const randomInto = (target: Uint8Array, offset: number, length: number): void => {
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(target, offset, used, used + length)
  pool.fill(0, used, (used += length))
}

/** `length` random bytes in memory of their own, from OpenSSL's CTR_DRBG (NIST SP 800-90A). */
export const random = (length: number): Buffer => {
  const bytes = Buffer.allocUnsafeSlow(length)
  // What outlives a call, and what would empty the pool at a stroke, never lies in it at all.
  if (length > 256) randomFillSync(bytes)
  else randomInto(bytes, 0, length)
  return bytes
}
