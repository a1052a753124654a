import { expect, test } from 'vitest'
import { allow, root } from './policy/told.ts'
import { renamedPrincipals } from './renamed-principals.ts'

const gone = 'arn:aws:iam::111122223333:user/team/gone'
const here = 'arn:aws:iam::111122223333:user/team/gone2'
const id = 'AIDAGONE0000000000000'
// Another Region tells which names there are to replace, and may tell anything.
const names = new Map([
  [gone, id],
  ['AWS', id],
  ['Statement', id],
])
const asGiven = JSON.stringify(gone)
const others = JSON.stringify(allow)

/** What of a policy is about principals; `gone` is elsewhere in it too, and the spaces are nobody's. */
const around = (principals: string) =>
  `\n{ "Version":"2012-10-17","Id" : ${asGiven}, "Statement":[ ${others}, {"Sid":${asGiven},"Effect":"Deny",${principals},
  "Action":"kms:*" ,"Resource":[${asGiven},"\\u002a"],"Condition":{"StringEquals":{"Principal":${asGiven},"AWS":[${asGiven}],
  ${asGiven}:${asGiven},"aws:PrincipalArn":"${gone}"},"Null":{"NotPrincipal":"false"}}}\t] }\n`

test.each<[string, (name: string) => string]>([
  ['one', (name) => `"Principal":{"AWS":${name}}`],
  ['one of a list', (name) => `"Principal":{"AWS":[ "${root}",${name} ,"${here}"]}`],
  ['one that is named twice', (name) => `"Principal":{"AWS":[${name},${name}]}`],
  ['whom it is not about', (name) => `"NotPrincipal" : { "AWS" : ${name} }`],
  [
    'one beside others',
    (name) => `"Principal":{"Service":"sns.amazonaws.com","AWS":${name},"Federated":["a.example"]}`,
  ],
  ['one under names with escapes', (name) => `"\\u0050rincipal":{"\\u0041WS":${name}}`],
])('%s is renamed, and nothing else in the text', (_, principals) => {
  const renamed = around(principals(JSON.stringify(id)))
  expect(renamedPrincipals(around(principals(asGiven)), names)).toBe(renamed)
})

test.each([
  ['slashes', asGiven.replaceAll('/', '\\/')],
  ['letters', asGiven.replace('g', '\\u0067').replace(':', '\\u003A')],
])('%s may be escaped', (_, spelled) => {
  const text = (name: string) => around(`"Principal":{"AWS":["${root}",${name}]}`)
  expect(renamedPrincipals(text(spelled), names)).toBe(text(JSON.stringify(id)))
})

test('one statement may be without a list, and come before the rest', () => {
  const text = (name: string) =>
    `{"Statement":{"Principal":{"AWS":${name}},"Effect":"Allow","Sid":"\\"Principal\\":{\\"AWS\\":"},"Id":${asGiven}}`
  expect(renamedPrincipals(text(asGiven), names)).toBe(text(JSON.stringify(id)))
})

test.each([
  ['who has another name', around(`"Principal":{"AWS":["${here}","${root}","111122223333"]}`)],
  ['everybody', around('"Principal":"*"')],
])('%s keeps it', (_, text) => {
  expect(renamedPrincipals(text, names)).toBe(text)
})

test.each([
  ['', 'nothing'],
  [`{"Statement":{"Principal":{"AWS":"${gone}`, 'half a policy'],
  [`{"Statement":{"Principal":{"AWS":"${gone}"}}}`, 'no policy'],
  [
    `{"Statement":[],"Statement":{"Effect":"Allow","Principal":{"AWS":"${gone}"}}}`,
    'a policy that may be read in two ways',
  ],
])('%j names nobody: %s', (text) => {
  expect(renamedPrincipals(text, names)).toBe(text)
})
