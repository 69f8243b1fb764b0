import * as awsui from '@cloudscape-design/design-tokens';

/** The design system's colours as variables for our style sheets. */
export const tokens = {
  '--passed': awsui.colorTextStatusSuccess,
  '--failed': awsui.colorTextStatusError,
  '--busy': awsui.colorTextStatusInfo,
  '--quiet': awsui.colorTextStatusInactive,
  '--text': awsui.colorTextBodyDefault,
  '--focus': awsui.colorBorderItemFocused,
  '--divider': awsui.colorBorderDividerDefault,
  '--background': awsui.colorBackgroundContainerContent,
};
