import Header from '@cloudscape-design/components/header';
import { usePage } from '../shell/page';

export default function GroupPage() {
  usePage({ title: 'GroupPage', breadcrumbs: [{ text: 'GroupPage' }] });
  return <Header variant="h1">GroupPage</Header>;
}
