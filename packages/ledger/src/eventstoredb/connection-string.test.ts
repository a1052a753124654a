import { describe, expect, test } from 'vitest'
import { checkedConnection } from './connection-string.ts'
import { connection } from './connection.ts'

const message = (act: () => unknown): string => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return JSON.stringify([String(error), error])
  }
}

describe('a connection string', () => {
  test.each([
    'esdb://localhost:2113?tls=false',
    'esdb://localhost',
    'esdb://localhost:2113/?tls=false&keepAliveInterval=10000',
    'esdb+discover://cluster.example:2113?nodePreference=leader',
    'esdb://admin:changeit@one:2113,two:2113,three:2113?tls=true&tlsCAFile=/ca.crt&tls_ca_file=/ca.crt',
  ])('as EventStoreDB documents it is taken as it is: %s', (string) => {
    expect(checkedConnection(string)).toBe(string)
  })

  test.each([
    'http://admin:changeit@localhost:2113',
    'esdb://',
    'admin:changeit@localhost',
    'esdb://admin:changeit@localhost:2113?tls=false&secret=changeit',
    'esdb://admin:changeit@localhost:2113?tlsVerifyCert=false',
    'esdb://admin:changeit@localhost:2113?tls',
    'esdb://admin:changeit@localhost:2113?tls=maybe',
    'esdb://admin:changeit@localhost:port',
    'esdb://admin:changeit@localhost:2113?keepAliveInterval=often',
  ])('that is none, or says what is unknown, is refused without being repeated: %s', (string) => {
    const words = message(() => connection(string, 100))
    expect(words).not.toBe('accepted')
    expect(words).not.toContain('changeit')
  })
})
