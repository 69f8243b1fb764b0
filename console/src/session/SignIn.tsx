import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input, { type InputProps } from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { settings } from '../aws/settings';
import { usePreferences } from '../shell/preferences';
import { ErrorAlert } from '../ui/ErrorAlert';
import type { ServerConfig } from './config';
import type { Session } from './session';

/** Asks for an access key and lets it in when STS knows whose it is. */
export default function SignIn({ config, onSignIn }: { config: ServerConfig; onSignIn(s: Session): void }) {
  const [id, setID] = useState('');
  const [secret, setSecret] = useState('');
  const [token, setToken] = useState('');
  const [region, setRegion] = useState(config.region);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  usePreferences();
  const first = useRef<InputProps.Ref>(null);
  useEffect(() => {
    document.title = 'Sign in | Nephele console';
    first.current?.focus();
  }, []);

  const signIn = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    setError(undefined);
    if (!id || !secret || !region) return;
    setBusy(true);
    const key = { accessKeyId: id.trim(), secretAccessKey: secret.trim(), sessionToken: token.trim() || undefined };
    try {
      const sts = new STSClient(settings({ key, region: region.trim() }));
      const who = await sts.send(new GetCallerIdentityCommand({}));
      onSignIn({ key, region: region.trim(), account: who.Account ?? '', identity: who.Arn ?? '' });
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const missing = (value: string, what: string) => (tried && !value.trim() ? `Enter ${what}.` : undefined);

  return (
    <main className="sign-in">
      <form onSubmit={signIn} noValidate>
        <Form
          header={<Header variant="h1" description="Your access key stays in this browser tab until you close it.">Sign in to Nephele</Header>}
          actions={<Button variant="primary" formAction="submit" loading={busy}>Sign in</Button>}
          errorText={undefined}
        >
          <SpaceBetween size="m">
            {error ? <ErrorAlert header="You are not signed in" error={error} /> : null}
            <Container>
              <SpaceBetween size="l">
                <FormField label="Access key ID" errorText={missing(id, 'an access key ID')}>
                  <Input ref={first} value={id} onChange={(e) => setID(e.detail.value)} autoComplete="username" name="access-key-id" spellcheck={false} />
                </FormField>
                <FormField label="Secret access key" errorText={missing(secret, 'the secret access key')}>
                  <Input value={secret} onChange={(e) => setSecret(e.detail.value)} type="password" autoComplete="current-password" name="secret-access-key" />
                </FormField>
                <FormField label={<>Session token <i>- optional</i></>} description="Of temporary credentials.">
                  <Input value={token} onChange={(e) => setToken(e.detail.value)} type="password" autoComplete="off" name="session-token" />
                </FormField>
                <FormField label="Region" errorText={missing(region, 'a Region')}>
                  <Input value={region} onChange={(e) => setRegion(e.detail.value)} name="region" spellcheck={false} />
                </FormField>
              </SpaceBetween>
            </Container>
          </SpaceBetween>
        </Form>
      </form>
      <Box padding={{ top: 'l' }} textAlign="center" color="text-body-secondary" fontSize="body-s">Nephele {config.version}</Box>
    </main>
  );
}
