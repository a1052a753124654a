import { describe, expect, test } from 'vitest'
import { type Alias, type AliasCommand, alias } from './alias.ts'
import { decide, fold } from './decider.ts'

const named = { now: 1000, arn: 'arn:aws:kms:eu-west-1:111122223333:alias/app', name: 'alias/app' }
const create: AliasCommand = { type: 'CreateAlias', targetKeyId: 'one', ...named }
const update: AliasCommand = { type: 'UpdateAlias', from: 'one', targetKeyId: 'two', ...named, now: 2000 }
const remove: AliasCommand = { type: 'DeleteAlias', from: 'one', ...named, now: 3000 }
const after = (...commands: readonly AliasCommand[]): Alias =>
  commands.reduce((state, command) => fold(alias, state, decide(alias, state, command)), alias.initial)
const refusal = (state: Alias, command: AliasCommand) => () => decide(alias, state, command)

describe('an alias', () => {
  test('points at the key it was made for', () => {
    expect(after(create)).toEqual({ name: 'alias/app', targetKeyId: 'one', createdAt: 1000, updatedAt: 1000 })
  })

  test('can be pointed at another key, and at the same without an event', () => {
    expect(after(create, update)).toEqual({ name: 'alias/app', targetKeyId: 'two', createdAt: 1000, updatedAt: 2000 })
    expect(decide(alias, after(create, update), { ...update, from: 'two' })).toEqual([])
  })

  test('that points elsewhere than the command was authorized for stays as it is', () => {
    for (const command of [update, remove])
      expect(decide(alias, after(create), { ...command, from: 'another' } as AliasCommand)).toEqual([])
  })

  test('exists once, until it is deleted', () => {
    expect(refusal(after(create), create)).toThrow(
      'An alias with the name arn:aws:kms:eu-west-1:111122223333:alias/app already exists',
    )
    expect(after(create, remove)).toEqual(alias.initial)
    expect(after(create, remove, { ...create, now: 4000, targetKeyId: 'three' })).toEqual({
      name: 'alias/app',
      targetKeyId: 'three',
      createdAt: 4000,
      updatedAt: 4000,
    })
  })

  test('that is not there can be neither updated nor deleted', () => {
    const words = 'Alias arn:aws:kms:eu-west-1:111122223333:alias/app is not found.'
    for (const state of [after(), after(create, remove)])
      for (const command of [update, remove]) expect(refusal(state, command)).toThrow(words)
  })

  test.each([
    ['app', 'ValidationException'],
    ['alias/a:b', 'ValidationException'],
    ['alias/aws/s3', 'InvalidAliasNameException'],
  ])('cannot be called %s', (name, code) => {
    expect(refusal(after(), { ...create, name })).toThrow(expect.objectContaining({ code }) as Error)
  })
})
