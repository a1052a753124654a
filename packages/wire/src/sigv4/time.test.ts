import { expect, test } from 'vitest'
import { amzDate, amzTime } from './time.ts'

const noon = Date.UTC(2015, 7, 30, 12, 36, 0)

test('a moment is written to the second, in ISO 8601 basic format', () => {
  expect(amzDate(noon + 999)).toBe('20150830T123600Z')
})

test('X-Amz-Date and both forms of Date are read', () => {
  expect(amzTime('20150830T123600Z')).toBe(noon)
  expect(amzTime('Sun, 30 Aug 2015 12:36:00 GMT')).toBe(noon)
  expect(amzTime('20240229T000000Z')).toBe(Date.UTC(2024, 1, 29))
})

test('what is no moment is not guessed at', () => {
  for (const text of [
    '',
    '2015-08-30T12:36:00Z',
    '20150830T123600',
    '20150830T123600Z ',
    '20151330T123600Z',
    '20150231T123600Z',
    '20150830T243600Z',
    '20150830T126000Z',
    'Mon, 30 Aug 2015 12:36:00 GMT',
    'Sun, 30 Aug 2015 12:36:00 +0000',
    '1440938160',
    'tomorrow',
    '20150830T123600Z, 20150830T123600Z',
  ])
    expect([text, amzTime(text)]).toEqual([text, undefined])
})
