// The pages and their addresses. Each is a chunk of its own, loaded when it is
// first looked at.
import { lazy } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { SessionProvider } from './session/session';
import { Shell } from './shell/Shell';

const CanaryList = lazy(() => import('./canaries/CanaryList'));
const CanaryPage = lazy(() => import('./canaries/CanaryPage'));
const CreateCanary = lazy(() => import('./canaries/CreateCanary'));
const EditCanary = lazy(() => import('./canaries/EditCanary'));
const RunPage = lazy(() => import('./run/RunPage'));
const GroupList = lazy(() => import('./groups/GroupList'));
const GroupPage = lazy(() => import('./groups/GroupPage'));
const NotFound = lazy(() => import('./shell/NotFound'));

export function App() {
  return (
    <BrowserRouter basename={import.meta.env.BASE_URL.replace(/\/$/, '')}>
      <SessionProvider>
        <Routes>
          <Route element={<Shell />}>
            <Route index element={<Navigate to="/canaries" replace />} />
            <Route path="canaries" element={<CanaryList />} />
            <Route path="canaries/create" element={<CreateCanary />} />
            <Route path="canaries/:name" element={<CanaryPage />} />
            <Route path="canaries/:name/edit" element={<EditCanary />} />
            <Route path="canaries/:name/runs/:runId" element={<RunPage />} />
            <Route path="groups" element={<GroupList />} />
            <Route path="groups/:group" element={<GroupPage />} />
            <Route path="*" element={<NotFound />} />
          </Route>
        </Routes>
      </SessionProvider>
    </BrowserRouter>
  );
}
