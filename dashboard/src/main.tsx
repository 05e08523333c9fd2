import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { applyTheme } from './state/theme.ts';
import './styles/base.css';
import './styles/parts.css';
import './styles/shell.css';
import './styles/recoveries.css';
import './styles/recovery.css';
import './styles/pages.css';

applyTheme();
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
