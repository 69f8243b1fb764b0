import Header from '@cloudscape-design/components/header';
import { usePage } from '../shell/page';

export default function CreateCanary() {
  usePage({ title: 'CreateCanary', breadcrumbs: [{ text: 'CreateCanary' }] });
  return <Header variant="h1">CreateCanary</Header>;
}
