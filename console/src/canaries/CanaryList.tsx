import Header from '@cloudscape-design/components/header';
import { usePage } from '../shell/page';

export default function CanaryList() {
  usePage({ title: 'CanaryList', breadcrumbs: [{ text: 'CanaryList' }] });
  return <Header variant="h1">CanaryList</Header>;
}
