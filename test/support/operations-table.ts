import { readFileSync } from 'node:fs'
import { awsOperations, iam, kms, sts } from '@keyledger/command'

interface Model {
  readonly [operation: string]: { readonly accessLevel: string }
}
const { actions } = JSON.parse(readFileSync(new URL('../model/kms-iam-actions.json', import.meta.url), 'utf8')) as {
  actions: Model
}

/** The README's table of operations, from the tables themselves: `node test/support/operations-table.ts` prints it. */
export const operationsTable = (): string => {
  const rows = [
    ...Object.entries(kms).map(([name, row]) => ({ service: 'KMS', name, row })),
    ...Object.entries(sts).map(([name, row]) => ({ service: 'STS', name, row })),
    ...Object.entries(iam).map(([name, row]) => ({ service: 'IAM', name, row })),
  ].map(({ service, name, row }) => {
    const key = row.authorize.on ? (row.authorize.alias ? 'key or alias' : 'key') : ''
    return `| ${service} | ${name} | ${key} | ${(actions[name] ?? actions[`${name}To`])?.accessLevel ?? (row.readOnly ? 'Read' : 'Write')} |`
  })
  const missing = [...awsOperations].filter((name) => !(name in kms))
  return [
    '| service | operation | named by | access level |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    `Not yet: ${missing.join(', ')}. They answer \`UnsupportedOperationException\`.`,
  ].join('\n')
}

if (import.meta.main) console.log(operationsTable())
