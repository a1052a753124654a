/**
 * The policy a key gets when CreateKey brings none (KMS developer guide, "Default key policy"): it hands the decision
 * to the account's IAM policies. Spelled and spaced as AWS does, as tools compare it as text.
 */
export const defaultKeyPolicy = (accountId: string): string => `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${accountId}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
