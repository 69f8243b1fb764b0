import Box from '@cloudscape-design/components/box';
import { routes } from '../ui/routes';
import { RouteLink } from '../ui/RouteLink';
import { usePage } from './page';

export default function NotFound() {
  usePage({ title: 'Page not found', breadcrumbs: [{ text: 'Page not found' }] });
  return (
    <Box padding="xxl" textAlign="center">
      <Box variant="h1">Page not found</Box>
      <Box variant="p"><RouteLink to={routes.canaries}>Go to the canaries</RouteLink></Box>
    </Box>
  );
}
