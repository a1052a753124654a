/** Goes on with a value that may still be to come: at once where it is there, as on the hot path everything is. */
export const when = <T, R>(value: T | Promise<T>, goOn: (value: T) => R | Promise<R>): R | Promise<R> =>
  value instanceof Promise ? value.then(goOn) : goOn(value)
