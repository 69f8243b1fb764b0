import { S3Client } from '@aws-sdk/client-s3';
import { clientHook } from './clients';
import { settings } from './settings';

/** The S3 client of the session. Buckets stand in the path. */
export const useS3 = clientHook(
  (s) => new S3Client({ ...settings(s), forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }),
);

/** Bucket and key or prefix of a location as canaries tell it: with or without "s3://". */
export function splitLocation(location: string): { bucket: string; key: string } {
  const [bucket = '', ...rest] = location.replace(/^s3:\/\//, '').split('/');
  return { bucket, key: rest.join('/') };
}
