// Package config is the one configuration of a server: what it is, where it
// comes from, and what is wrong with it.
//
// A setting has one name in three spellings: the flag --data-dir, the
// environment variable NEPHELE_DATA_DIR, and the key data_dir of a YAML file
// (--config FILE or NEPHELE_CONFIG). The flag wins over the environment, the
// environment over the file, the file over the default. The defaults need
// nothing. Root credentials have no flag: command lines are public.
//
// A file is a flat YAML mapping; unknown keys are refused, so that a misspelt
// one does not go unnoticed:
//
//	listen: 127.0.0.1:4566
//	data: /var/lib/nephele
//	settle: 10s
package config
