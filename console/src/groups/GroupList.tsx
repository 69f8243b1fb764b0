import Header from '@cloudscape-design/components/header';
import { usePage } from '../shell/page';

export default function GroupList() {
  usePage({ title: 'GroupList', breadcrumbs: [{ text: 'GroupList' }] });
  return <Header variant="h1">GroupList</Header>;
}
