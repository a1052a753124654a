import { GetUserCommand, ListAccessKeysCommand } from '@aws-sdk/client-iam'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { entriesOf } from '@keyledger/iam'
import { describe, expect, test } from 'vitest'
import { type Person, alice, arnOf, bob } from '../support/house.ts'
import { openHouse, posted, recordsOf } from './asking.ts'

const house = openHouse()
const create = (AccountId: string, person?: Person) =>
  posted(house(), `Action=CreateAccount&Version=2010-05-08&AccountId=${AccountId}`, person && { person })
const codeIn = ({ status, xml }: { status: number; xml: string }) => ({
  status,
  code: /<Code>(.*?)<\/Code>/.exec(xml)?.[1],
  message: /<Message>(.*?)<\/Message>/.exec(xml)?.[1],
})
const textOf = (xml: string, name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(xml)![1]!

describe('CreateAccount', () => {
  test('makes an account, its administrator and their access key at once', async () => {
    const account = '777788889999'
    const { status, xml, requestId } = await create(account)
    expect(status).toBe(200)
    const [accessKeyId, secretAccessKey, userId] = ['AccessKeyId', 'SecretAccessKey', 'UserId'].map((name) =>
      textOf(xml, name),
    ) as [string, string, string]
    const date = '<CreateDate>2026-06-01T12:00:00Z</CreateDate>'
    expect(xml).toBe(
      '<CreateAccountResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccountResult>' +
        `<Account><Id>${account}</Id><Arn>arn:aws:iam::${account}:root</Arn>${date}</Account>` +
        `<User><Path>/</Path><UserName>admin</UserName><UserId>${userId}</UserId>` +
        `<Arn>arn:aws:iam::${account}:user/admin</Arn>${date}</User>` +
        `<AccessKey><UserName>admin</UserName><AccessKeyId>${accessKeyId}</AccessKeyId><Status>Active</Status>` +
        `<SecretAccessKey>${secretAccessKey}</SecretAccessKey>${date}</AccessKey>` +
        `</CreateAccountResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></CreateAccountResponse>`,
    )
    const admin = { account, name: 'admin', accessKeyId, secretAccessKey }
    expect((await house().iam(admin).send(new GetUserCommand({}))).User!.Arn).toBe(arnOf(admin))
    expect((await house().iam(admin).send(new ListAccessKeysCommand({}))).AccessKeyMetadata!.length).toBe(1)
    const { KeyMetadata } = await house().kms(admin).send(new CreateKeyCommand({}))
    expect(KeyMetadata!.AWSAccountId).toBe(account)

    const [record] = await recordsOf(house(), 'CreateAccount')
    expect(record!['requestParameters']).toEqual({ accountId: account })
    expect(JSON.stringify(record)).toContain(accessKeyId)
    expect(JSON.stringify(record)).not.toContain(secretAccessKey)
    expect(house().house.world.identities.uniqueId(`arn:aws:iam::${account}:root`)).toBe(account)
    expect(house().house.world.identities.arnOf(account)).toBe(`arn:aws:iam::${account}:root`)
    // It is an account like any other: who runs the house is of the first.
    expect(codeIn(await create('777788889998', admin))).toMatchObject({ status: 403, code: 'AccessDenied' })
  })
  test('makes no account twice', async () => {
    expect(codeIn(await create(bob.account))).toEqual({
      status: 409,
      code: 'EntityAlreadyExists',
      message: 'Account with id 444455556666 already exists.',
    })
    const { identities } = house().house.world
    expect([...entriesOf(identities.account(bob.account)!.users)].map(([name]) => name)).toEqual(['bob'])
  })
  test("is the first account's alone", async () => {
    expect(codeIn(await create('777788889998', bob))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message:
        'User: arn:aws:iam::444455556666:user/bob is not authorized to perform: iam:CreateAccount on resource: arn:aws:iam::777788889998:root because only principals of the first account may',
    })
    expect(house().house.world.identities.account('777788889998')).toBeUndefined()
  })
  test.each(['', '12345678901', '1234567890123', '12345678901a'])("takes no account id '%s'", async (id) => {
    expect(codeIn(await create(id))).toMatchObject({ status: 400, code: 'ValidationError' })
  })
})

describe('IAM over the wire', () => {
  const query = 'Version=2010-05-08&Action='

  test('answers an operation without output with nothing but the request id', async () => {
    const id = 'AccessKeyId=AKIAALICEALICEALICE1&Status=Active'
    const { status, xml, requestId } = await posted(house(), `${query}UpdateAccessKey&${id}`)
    expect({ status, xml }).toEqual({
      status: 200,
      xml:
        '<UpdateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></UpdateAccessKeyResponse>`,
    })
  })
  test('refuses in XML, by the names of the query protocol', async () => {
    const { status, xml, requestId } = await posted(house(), `${query}GetUser&UserName=nobody`)
    expect({ status, xml }).toEqual({
      status: 404,
      xml:
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code>' +
        `<Message>The user with name nobody cannot be found.</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    })
    const [record] = (await recordsOf(house(), 'GetUser')).slice(-1)
    expect(record).toMatchObject({ eventSource: 'iam.amazonaws.com', errorCode: 'NoSuchEntity', readOnly: true })
  })
  test.each([
    ['an operation that IAM does not have', `${query}Nonsense`, {}, { status: 400, code: 'InvalidAction' }],
    ["an operation of STS's", `${query}GetCallerIdentity`, {}, { status: 400, code: 'InvalidAction' }],
    ['another version', 'Version=2011-06-15&Action=GetUser', {}, { status: 400, code: 'InvalidAction' }],
    ['no signature', `${query}GetUser`, { unsigned: true }, { status: 403, code: 'MissingAuthenticationToken' }],
    ['a signature for STS', 'Action=GetUser', { service: 'sts' }, { status: 400, code: 'InvalidAction' }],
    ['a signature for KMS', `${query}GetUser`, { service: 'kms' }, { status: 400, code: 'InvalidAction' }],
    ['a form in a knot', `${query}GetUser&UserName=a&UserName.b=c`, {}, { status: 400, code: 'MalformedInput' }],
    ['a number that is none', `${query}ListUsers&MaxItems=many`, {}, { status: 400, code: 'MalformedInput' }],
  ])('%s is refused', async (_, body, how, refused) => {
    expect(codeIn(await posted(house(), body, how))).toMatchObject(refused)
  })
  test('is signed for in its own region or any that is served, and no other', async () => {
    const status = async (region: string) => (await posted(house(), `${query}GetUser`, { region })).status
    expect(await Promise.all(['us-east-1', 'eu-west-1', 'ap-south-1'].map(status))).toEqual([200, 200, 403])
  })
  test('refuses who has no permission, and says which', async () => {
    const account = house().house.world.identities.account(alice.account)!
    expect([...entriesOf(account.users)].map(([name]) => name)).toEqual(['alice'])
    await posted(house(), `${query}CreateUser&UserName=hans&Path=/x/`)
    const { xml } = await posted(house(), `${query}CreateAccessKey&UserName=hans`)
    const hans = {
      ...alice,
      name: 'hans',
      accessKeyId: textOf(xml, 'AccessKeyId'),
      secretAccessKey: textOf(xml, 'SecretAccessKey'),
    }
    const asked = (action: string, resource: string) => ({
      status: 403,
      code: 'AccessDenied',
      message: `User: arn:aws:iam::111122223333:user/x/hans is not authorized to perform: iam:${action} on resource: ${resource} because no identity-based policy allows the iam:${action} action`,
    })
    const refused = async (form: string) => codeIn(await posted(house(), `${query}${form}`, { person: hans }))
    const iam = 'arn:aws:iam::111122223333:'
    expect(await refused('GetUser')).toEqual(asked('GetUser', `${iam}user/x/hans`))
    expect(await refused('ListUsers')).toEqual(asked('ListUsers', `${iam}user/`))
    expect(await refused('CreateUser&UserName=new&Path=/y/')).toEqual(asked('CreateUser', `${iam}user/y/new`))
    expect(await refused('GetRole&RoleName=nobody')).toEqual(asked('GetRole', `${iam}role/nobody`))
  })
})
