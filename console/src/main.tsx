import '@cloudscape-design/global-styles/index.css';
import './shell/shell.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { tokens } from './ui/tokens';

for (const [name, value] of Object.entries(tokens)) document.body.style.setProperty(name, value);

createRoot(document.getElementById('console')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
