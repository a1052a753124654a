import { type EvaluationResult, runSimulation } from '@cloud-copilot/iam-simulate'
import { describe, expect, test } from 'vitest'
import { type Row, questionOf, rows } from '../vectors/decisions.ts'

/** It drops kms:EncryptionContext:... from every request. A tag has a name as free, and is compared in the same way. */
const renamed = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value).replaceAll(/kms:encryptioncontext:/gi, 'aws:RequestTag/')) as T

/** What another's simulator of IAM says of a row: its verdict, or why it has none. */
const simulated = async (row: Row): Promise<EvaluationResult | { readonly refused: string }> => {
  const { caller, account, action, resource, values, ...documents } = renamed(questionOf(row))
  const contextVariables = Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      value === null ? [] : [[key, typeof value === 'string' ? value : [...value]]],
    ),
  )
  const result = await runSimulation(
    {
      request: {
        principal: caller.arn,
        action,
        // An action without a resource is the caller's own account's.
        resource: { resource, accountId: documents.keyDocument ? account : caller.accountId },
        contextVariables,
      },
      identityPolicies: documents.identityDocuments.map((policy, at) => ({ name: `policy ${at}`, policy })),
      ...(documents.sessionDocuments ? { sessionPolicy: documents.sessionDocuments[0] } : {}),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(documents.keyDocument ? { resourcePolicy: documents.keyDocument } : {}),
    },
    {},
  )
  return result.resultType === 'error' ? { refused: JSON.stringify(result.errors) } : result.overallResult
}

const wanted = ({ expected }: Row): EvaluationResult =>
  expected.allowed ? 'Allowed' : expected.explicit ? 'ExplicitlyDenied' : 'ImplicitlyDenied'

/** Rows that it cannot tell, or tells otherwise, say in the table why. */
const asked = rows.filter(({ simulate }) => simulate === undefined)
const told = rows.filter(({ simulate }) => simulate !== undefined)

describe('@cloud-copilot/iam-simulate', () => {
  test.each(asked.map((row) => [row.name, row] as const))('agrees: %s', async (_, row) => {
    expect(await simulated(row)).toBe(wanted(row))
  })

  // Else the reason in the table would be an old one.
  test.each(told.map((row) => [row.name, row.simulate, row] as const))(
    'does not: %s, as %s',
    async (_name, _reason, row) => {
      expect(await simulated(row)).not.toBe(wanted(row))
    },
  )

  test('agrees with most of the table', () => {
    console.log(
      `iam-simulate: ${asked.length} of ${rows.length} rows agree, ${told.length} are told apart with a reason`,
    )
    expect(asked.length).toBeGreaterThan(rows.length * 0.85)
  })
})
