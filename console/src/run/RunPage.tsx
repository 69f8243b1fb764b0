import Header from '@cloudscape-design/components/header';
import { usePage } from '../shell/page';

export default function RunPage() {
  usePage({ title: 'RunPage', breadcrumbs: [{ text: 'RunPage' }] });
  return <Header variant="h1">RunPage</Header>;
}
