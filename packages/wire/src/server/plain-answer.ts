import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http'

/**
 * An answer in HTTP/1.1, one byte a character. `fields` are name, value, name, value ...; the content-length must be among them.
 * Throws for what no header can hold, as node:http does.
 */
export const plainAnswer = (status: number, fields: readonly string[], body: string | Buffer): string => {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!
    const value = fields[at + 1]!
    validateHeaderName(name)
    validateHeaderValue(name, value)
    text += `${name}: ${value}\r\n`
  }
  return `${text}\r\n${typeof body === 'string' ? body : body.toString('latin1')}`
}
