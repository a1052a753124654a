import { Agent, request } from 'node:http'
import { type Person, alice } from './house.ts'
import { signed } from './sign.ts'

/** What came of one request: KMS's answer, or its refusal. */
export interface Answered {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const agent = new Agent({ keepAlive: true })

/**
 * One signed request of KMS to a process, by the system's clock: a fraction of what the SDK costs, for tests that send ten
 * thousand of them. Rejects when the connection breaks.
 */
export const asked = (
  url: string,
  operation: string,
  input: object,
  { person = alice as Person, region = 'us-east-1', time = Date.now() } = {},
): Promise<Answered> => {
  const { hostname, port, host } = new URL(url)
  const body = JSON.stringify(input)
  const headers = signed({ ...person, host, target: `TrentService.${operation}`, body, region, time })
  return new Promise((resolve, reject) => {
    const sent = request({ agent, hostname, port, method: 'POST', path: '/', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode!, body: text ? (JSON.parse(text) as Answered['body']) : {} }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
