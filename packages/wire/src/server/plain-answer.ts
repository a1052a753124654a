import { STATUS_CODES } from 'node:http'

/** What many answers say: name, value, name, value ...; and as text, with what it says of the connection. */
export interface Common {
  readonly fields: readonly string[]
  readonly keeping: string
  readonly closing: string
}

const lines = (fields: readonly string[]): string => {
  let text = ''
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`
  return text
}

/** Of answers with this date, on connections that are kept for `idleTime` milliseconds. */
export const commonOf = (date: string, idleTime: number): Common => {
  const fields = ['date', date, 'cache-control', 'no-cache, no-store, must-revalidate, private']
  const kept = ['connection', 'keep-alive', 'keep-alive', `timeout=${Math.floor(idleTime / 1000)}`]
  return { fields, keeping: lines([...fields, ...kept]), closing: lines([...fields, 'connection', 'close']) }
}

/** An answer in HTTP/1.1, one byte a character. `fields` can be held by headers, and the content-length is among them. */
export const plainAnswer = (status: number, common: string, fields: readonly string[], body: string | Buffer): string =>
  `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${common}${lines(fields)}\r\n${
    typeof body === 'string' ? body : body.toString('latin1')
  }`
