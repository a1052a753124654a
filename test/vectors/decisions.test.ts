import { decide, identityPolicy, keyPolicy } from '@keyledger/iam'
import { describe, expect, test } from 'vitest'
import { interpret } from '../model/policy-interpreter.ts'
import { questionOf, rows } from './decisions.ts'

describe('what AWS decides, row by row', () => {
  test.each(rows.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const { caller, keyDocument, identityDocuments, sessionDocuments, ...question } = questionOf(row)
    const compiled = (document: object) => identityPolicy(JSON.stringify(document))
    const decision = decide({
      ...question,
      keyPolicy: keyDocument && keyPolicy(JSON.stringify(keyDocument), row.principalIds),
      caller: {
        ...caller,
        identityPolicies: identityDocuments.map(compiled),
        sessionPolicies: sessionDocuments?.map(compiled),
      },
      grant: () => row.grant,
    })
    const { expected } = row
    if (!expected.allowed) expect(decision).toMatchObject(expected)
    else if (expected.by === 'grant') expect(decision).toEqual({ ...expected, grantId: row.grant })
    else expect(decision).toEqual(expected)
  })

  test.each(rows.map((row) => [row.name, row] as const))('the plain interpreter agrees: %s', (_, row) => {
    const { keyDocument, identityDocuments, sessionDocuments, ...question } = questionOf(row)
    const verdict = interpret({
      ...question,
      keyPolicy: keyDocument,
      principalIds: row.principalIds,
      identityPolicies: identityDocuments,
      sessionPolicies: sessionDocuments,
      grant: row.grant,
    })
    const { expected } = row
    expect(verdict.allowed).toBe(expected.allowed)
    if (verdict.allowed) expect(verdict.by).toContain(expected.allowed && expected.by)
    else if (!expected.allowed) {
      expect(verdict.explicit).toBe(expected.explicit)
      if (expected.policyType) expect(verdict.policyTypes).toContain(expected.policyType)
    }
  })

  test('there are 250 rows at least, no two of one name, and all three ways in and out are among them', () => {
    expect(rows.length).toBeGreaterThanOrEqual(250)
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
    const ends = new Set(
      rows.map(({ expected }) => (expected.allowed ? expected.by : `${expected.explicit} ${expected.policyType}`)),
    )
    expect([...ends].sort()).toEqual([
      'false identity-based',
      'false resource-based',
      'false session',
      'false undefined',
      'grant',
      'identity policy',
      'key policy',
      'true identity-based',
      'true resource-based',
      'true session',
      'true undefined',
    ])
  })
})
