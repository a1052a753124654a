/** Milliseconds of the system's clock that whoever asks how things are waits: what does not come back is an answer too. */
const patience = 2000

/** Rejects when `ask` takes longer than anyone waits. */
export const within = async <T>(ask: () => Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('does not answer')), patience)
  try {
    return await Promise.race([ask(), late])
  } finally {
    clearTimeout(timer)
  }
}
