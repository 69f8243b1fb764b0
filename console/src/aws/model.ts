// Structures of the Synthetics API (API reference, Data Types), as they are on
// the wire apart from times, which are Dates.

export type CanaryState = 'CREATING' | 'READY' | 'STARTING' | 'RUNNING' | 'UPDATING' | 'STOPPING' | 'STOPPED' | 'ERROR' | 'DELETING';
export type BrowserType = 'CHROME' | 'FIREFOX';

export interface Schedule {
  Expression: string;
  /** 0 runs until stopped. */
  DurationInSeconds?: number;
  RetryConfig?: { MaxRetries: number };
}

export interface RunConfig {
  TimeoutInSeconds?: number;
  MemoryInMB?: number;
  ActiveTracing?: boolean;
  /** Given when creating and updating; never answered. */
  EnvironmentVariables?: Record<string, string>;
  EphemeralStorage?: number;
}

export interface BaseScreenshot {
  ScreenshotName: string;
  /** "x1,y1,x2,y2" of areas that are not compared. */
  IgnoreCoordinates?: string[];
}

export interface VisualReference {
  /** A run's id; "nextrun" and "lastrun" when updating. */
  BaseCanaryRunId: string;
  BaseScreenshots?: BaseScreenshot[];
  BrowserType?: BrowserType;
}

export interface DryRunConfig {
  DryRunId: string;
  LastDryRunExecutionStatus?: string;
}

export interface Canary {
  Id: string;
  Name: string;
  Code?: { SourceLocationArn?: string; Handler?: string; BlueprintTypes?: string[] };
  ExecutionRoleArn?: string;
  Schedule?: Schedule;
  RunConfig?: RunConfig;
  SuccessRetentionPeriodInDays?: number;
  FailureRetentionPeriodInDays?: number;
  Status?: { State: CanaryState; StateReason?: string; StateReasonCode?: string };
  Timeline?: { Created?: Date; LastModified?: Date; LastStarted?: Date; LastStopped?: Date };
  /** Bucket and prefix, without "s3://". */
  ArtifactS3Location?: string;
  EngineArn?: string;
  EngineConfigs?: { EngineArn: string; BrowserType?: BrowserType }[];
  RuntimeVersion?: string;
  VisualReference?: VisualReference;
  VisualReferences?: VisualReference[];
  BrowserConfigs?: { BrowserType: BrowserType }[];
  ProvisionedResourceCleanup?: 'AUTOMATIC' | 'OFF';
  Tags?: Record<string, string>;
  ArtifactConfig?: { S3Encryption?: { EncryptionMode?: string; KmsKeyArn?: string } };
  DryRunConfig?: DryRunConfig;
}

/** What CreateCanary, UpdateCanary and StartCanaryDryRun take. */
export interface CanaryInput {
  Code: {
    /** Base64. */
    ZipFile?: string;
    S3Bucket?: string;
    S3Key?: string;
    S3Version?: string;
    Handler?: string;
    BlueprintTypes?: string[];
  };
  ArtifactS3Location: string;
  ExecutionRoleArn: string;
  Schedule: Schedule;
  RunConfig?: RunConfig;
  SuccessRetentionPeriodInDays?: number;
  FailureRetentionPeriodInDays?: number;
  RuntimeVersion: string;
  Tags?: Record<string, string>;
  BrowserConfigs?: { BrowserType: BrowserType }[];
  ProvisionedResourceCleanup?: 'AUTOMATIC' | 'OFF';
  VisualReference?: VisualReference;
  VisualReferences?: VisualReference[];
}

export interface CanaryRun {
  Id: string;
  ScheduledRunId?: string;
  RetryAttempt?: number;
  Name: string;
  Status: { State: 'RUNNING' | 'PASSED' | 'FAILED'; StateReason?: string; StateReasonCode?: string; TestResult?: 'PASSED' | 'FAILED' | 'UNKNOWN' };
  Timeline: { Started?: Date; Completed?: Date; MetricTimestampForRunAndRetries?: Date };
  /** Bucket and prefix, without "s3://". */
  ArtifactS3Location?: string;
  DryRunConfig?: DryRunConfig;
  BrowserType?: BrowserType;
}

export interface CanaryLastRun {
  CanaryName: string;
  LastRun: CanaryRun;
}

export interface RuntimeVersion {
  VersionName: string;
  Description?: string;
  ReleaseDate?: Date;
  DeprecationDate?: Date;
}

export interface GroupSummary {
  Id: string;
  Arn: string;
  Name: string;
}

export interface Group extends GroupSummary {
  Tags?: Record<string, string>;
  CreatedTime?: Date;
  LastModifiedTime?: Date;
}

/** The ARN of a canary. */
export function canaryArn(region: string, account: string, name: string): string {
  return `arn:aws:synthetics:${region}:${account}:canary:${name}`;
}

/** The log group of a canary's runs: that of its function. */
export function logGroup(canary: Canary): string | undefined {
  const arn = canary.EngineConfigs?.[0]?.EngineArn ?? canary.EngineArn;
  const name = arn?.split(':')[6];
  return name ? `/aws/lambda/${name}` : undefined;
}
