// The editor that Cloudscape's CodeEditor drives, with the languages of scripts.
// Its styles come as a style sheet: with a strict policy it cannot make its own.
import ace from 'ace-builds/src-noconflict/ace';
import 'ace-builds/css/ace.css';
import 'ace-builds/css/theme/cloud_editor.css';
import 'ace-builds/css/theme/cloud_editor_dark.css';
import 'ace-builds/src-noconflict/ext-language_tools';
import 'ace-builds/src-noconflict/mode-javascript';
import 'ace-builds/src-noconflict/mode-json';
import 'ace-builds/src-noconflict/mode-python';
import 'ace-builds/src-noconflict/snippets/javascript';
import 'ace-builds/src-noconflict/snippets/json';
import 'ace-builds/src-noconflict/snippets/python';
import 'ace-builds/src-noconflict/theme-cloud_editor';
import 'ace-builds/src-noconflict/theme-cloud_editor_dark';

ace.config.set('useStrictCSP', true);
ace.config.set('basePath', `${import.meta.env.BASE_URL}assets`); // nothing is loaded from there: it is all here
ace.config.setDefaultValue('session', 'useWorker', false);

export default ace;
