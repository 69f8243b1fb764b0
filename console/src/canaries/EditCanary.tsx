import Header from '@cloudscape-design/components/header';
import { usePage } from '../shell/page';

export default function EditCanary() {
  usePage({ title: 'EditCanary', breadcrumbs: [{ text: 'EditCanary' }] });
  return <Header variant="h1">EditCanary</Header>;
}
