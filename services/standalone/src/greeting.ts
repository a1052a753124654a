import type { Config } from '@keyledger/command'
import { credentialsFile } from './founding.ts'
import { type House, vaultFolder } from './options.ts'
import { scrubbed } from './telemetry/words.ts'
import { version } from './version.ts'

const beyondOneProcess = ({ services, ledger, redis, peers }: Config, { admin, link }: House) => [
  ...(ledger === undefined
    ? []
    : [
        ['services', services.join(', ')],
        ['ledger', scrubbed(ledger)],
      ]),
  ...(redis === undefined ? [] : [['jobs', scrubbed(redis)]]),
  ...(peers.length === 0 ? [] : [['peers', peers.map(({ region, url }) => `${region} (${scrubbed(url)})`).join(', ')]]),
  ...(link === undefined ? [] : [['link', link]]),
  ...(admin === undefined ? [] : [['admin', `${admin} (/healthz, /readyz, /metrics, /jobs/parked)`]]),
]

/** Three lines to paste. */
const invitation = (settings: Config, { url }: House, credentials: string): readonly string[] => [
  '',
  '  Paste this and go on with the AWS CLI or any AWS SDK:',
  '',
  `export AWS_SHARED_CREDENTIALS_FILE=${credentials} AWS_REGION=${settings.regions[0]}`,
  `export AWS_ENDPOINT_URL_KMS=${url} AWS_ENDPOINT_URL_STS=${url}`,
  `aws kms create-key --endpoint-url ${url}`,
]

/** What a person sees at the start: where everything is, and three lines to paste. */
export const greeting = (settings: Config, open: House): string => {
  const credentials = credentialsFile(vaultFolder(settings))
  const rows = [
    ['version', version],
    ...(open.url ? [['address', open.url]] : []),
    ['data folder', settings.data],
    ['regions', settings.regions.join(', ')],
    ...beyondOneProcess(settings, open),
    ...(open.url
      ? [
          ['account', open.accounts.join(', ')],
          ['seal', settings.seal],
          ['credentials', `${credentials} (an AWS shared credentials file, readable by you alone)`],
        ]
      : []),
  ]
  const lines = rows.map(([name, value]) => `  ${name!.padEnd(12)} ${value}`)
  // Said at every start: the one that made the key may have failed before it could.
  if (open.keyFileBeside !== undefined)
    lines.push(
      '',
      `  The key that opens everything lies beside what it opens: ${open.keyFileBeside}`,
      '  Move it to another disk or a secret store and set KEYLEDGER_SEAL=file:PATH to where it is.',
    )
  return [...lines, ...(open.url ? invitation(settings, open, credentials) : []), ''].join('\n')
}
