/**
 * Lets whoever reads the output go away (`| head -1`): the program comes to its end as if all were read, for what it was told to do
 * is not half done because nobody looks. The signal is for what would else go on for ever.
 */
export const readerMayLeave = (): AbortSignal => {
  const left = new AbortController()
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    left.abort()
  })
  return left.signal
}
