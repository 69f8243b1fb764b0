import Header from '@cloudscape-design/components/header';
import { usePage } from '../shell/page';

export default function CanaryPage() {
  usePage({ title: 'CanaryPage', breadcrumbs: [{ text: 'CanaryPage' }] });
  return <Header variant="h1">CanaryPage</Header>;
}
