import { describe, expect, test } from 'vitest'
import { PolicyFault } from '../policy/fault.ts'
import { address, network, within } from './ip.ts'

describe('a network', () => {
  test.each<[string, string, boolean]>([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.77/24', '192.0.2.1', true],
    ['192.0.2.0/31', '192.0.2.1', true],
    ['192.0.2.0/31', '192.0.2.2', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['255.255.255.255', '255.255.255.254', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '203.0.113.9', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/32', '2001:DB8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['2001:db8::/47', '2001:db8:1::', true],
    ['2001:db8::/48', '2001:db8:1::', false],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', true],
    ['1::8', '1:0:0:0:0:0:0:8', true],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201', true],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
    ['::ffff:192.0.2.0/120', '192.0.2.9', true],
    ['::ffff:192.0.2.0/120', '192.0.3.9', false],
  ])('%s has %s: %s', (range, given, expected) => {
    expect(within(address(given)!, network(range))).toBe(expected)
  })

  test.each([
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0',
    '10.0.0.0.0',
    '10.0.0.256',
    '10.0.0.01',
    ' 10.0.0.1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
    ':1::',
    '::12345',
    '::g',
    '::/129',
    '1.2.3.4::',
    'fe80::1%eth0',
  ])('is not written %j', (text) => {
    expect(() => network(text)).toThrow(PolicyFault)
    expect(address(text)).toBe(undefined)
  })
})
