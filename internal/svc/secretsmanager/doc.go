// Package secretsmanager answers AWS Secrets Manager.
//
// AWS promises: a secret is a name with versions of a value; each version has
// staging labels, each label is at one version; AWSCURRENT is always at one,
// and when it moves, AWSPREVIOUS goes where it was. A value is encrypted from
// the moment it arrives, and nobody reads it who may not use its KMS key. A
// secret that is deleted can be restored for as long as its recovery window is
// open.
//
// # What is stored
//
//	resource                  name, description, policy, key, dates   (a Collection)
//	secretsmanager_version    a value in its envelope                  (secret, id)
//	secretsmanager_label      label ──▶ version                        (secret, label)
//
// Versions belong to the ARN, whose last six characters are made anew with every
// secret: a secret that takes the name of a deleted one inherits nothing.
//
// # The envelope
//
// Each version has a data key of its own from KMS GenerateDataKey, with the ARN
// and the version id as encryption context, and the value is sealed under it
// with AES-256-GCM. KMS is called as the caller, through this service, so that
// the policy of the key decides who reads (kms:ViaService). It is called
// outside of transactions: a value is sealed first, and then committed if
// nothing stands against it any more.
//
// What KMS refuses is answered as AWS answers it: "Access to KMS is not
// allowed" when the caller may not, EncryptionFailure or DecryptionFailure when
// the key cannot.
//
// # A secret's end
//
//	DeleteSecret ──▶ scheduled ──7 to 30 days, flow secretsmanager.purge──▶ gone
//	                   │     └── DeleteSecret with ForceDeleteWithoutRecovery ─▶ gone
//	                   └── RestoreSecret ──▶ as before
//
// # Versions without labels
//
// They stay until there are more than 100 versions and they are older than a
// day. They go when the next version comes.
//
// # Not here
//
// Rotation, replicas in other regions, and external secrets of partners answer
// that they are not implemented. Tags may be changed although the caller loses
// permissions by it; AWS refuses that.
package secretsmanager
