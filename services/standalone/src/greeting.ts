import type { Config } from '@keyledger/command'
import { credentialsFile } from './founding.ts'
import type { House } from './house.ts'
import { version } from './version.ts'

/** What a person sees at the start: where everything is, and three lines to paste. */
export const greeting = (settings: Config, open: House): string => {
  const credentials = credentialsFile(settings.data)
  const rows = [
    ['version', version],
    ['address', open.url],
    ['data folder', settings.data],
    ['regions', settings.regions.join(', ')],
    ['account', open.accounts.join(', ')],
    ['seal', settings.seal],
    ['credentials', `${credentials} (an AWS shared credentials file, readable by you alone)`],
  ]
  const lines = rows.map(([name, value]) => `  ${name!.padEnd(12)} ${value}`)
  if (open.rootKeyIsNew && settings.seal.startsWith('file:') && settings.seal.includes(settings.data))
    lines.push(
      '',
      `  The key that opens everything is new and lies beside what it opens: ${settings.seal.slice('file:'.length)}`,
      '  Move it to another disk or a secret store and set KEYLEDGER_SEAL=file:PATH to where it is.',
    )
  lines.push(
    '',
    '  Paste this and go on with the AWS CLI or any AWS SDK:',
    '',
    `export AWS_SHARED_CREDENTIALS_FILE=${credentials} AWS_REGION=${settings.regions[0]}`,
    `export AWS_ENDPOINT_URL_KMS=${open.url} AWS_ENDPOINT_URL_STS=${open.url}`,
    `aws kms create-key --endpoint-url ${open.url}`,
    '',
  )
  return lines.join('\n')
}
