import { Component, type ReactNode } from 'react';
import { ErrorAlert } from '../ui/ErrorAlert';

/** Shows an error of a page in its place, so that the others can still be reached. */
export class Boundary extends Component<{ children: ReactNode }, { error?: unknown }> {
  state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  render() {
    if (this.state.error === undefined) return this.props.children;
    return <ErrorAlert header="This page does not work" error={this.state.error} onRetry={() => location.reload()} />;
  }
}
