<?php

declare(strict_types=1);

return [
    'work' => [
        'done' => ':sent gesendet, :received empfangen.',
        'busy' => 'Nichts getan: :why.',
        'obstacle' => 'Nichts wird empfangen: :why',
        'failed' => 'Der Hub: :why',
        'drift' => 'Der Katalog hat sich geändert: :sync.',
    ],
    'push' => [
        'compared' => ':model: :created neu, :updated geändert, :deleted weg, :unchanged gleich.',
        'sent' => ':sent gesendet, :pending noch offen.',
        'unknown' => ':model steht nicht bei den Modellen in config/cognate.php; möglich sind: :known.',
        'name' => 'Welches Modell soll verglichen werden? Oder --all.',
    ],
    'pull' => ['done' => ':received empfangen.'],
    'retry' => [
        'none' => 'Nichts ist abgelehnt.',
        'done' => ':count Datensätze sind neu erfasst.',
        'gone' => 'Von :count weiteren ist nichts mehr zu sagen.',
    ],
    'status' => [
        'platform' => 'Plattform',
        'hub' => 'Hub',
        'pending' => 'Noch zu senden',
        'oldest' => 'Ältestes davon',
        'refused' => 'Vom Hub abgelehnt',
        'worked' => 'Letzte Arbeit',
        'never' => 'noch nie; gibt es die Cron-Zeile?',
        'ago' => 'vor :seconds s',
        'error' => 'Letzter Fehler',
        'worker' => 'Worker',
        'nobody' => 'gerade keiner',
        'troubles' => 'Probleme',
        'none' => 'keine',
        'unreachable' => 'nicht erreichbar: :why',
        'reached' => 'erreicht über :transport',
        'states' => ['pending' => 'ausstehend', 'refused' => 'abgelehnt', 'synced' => 'synchron', 'unknown' => 'noch nicht gesendet'],
    ],
    'install' => [
        'config' => 'config/cognate.php ist da.',
        'kept' => 'config/cognate.php war schon da und bleibt, wie es ist.',
        'tables' => 'Die Tabellen sind da auf: :connections.',
        'key' => 'Der Schlüssel der Plattform liegt in :file.',
        'key_exists' => ':file gibt es schon; verschieben, oder mit --key-file eine andere Datei nennen.',
        'key_unwritable' => ':file lässt sich nicht schreiben; mit --key-file eine andere Datei nennen. Das Token ist nicht verbraucht.',
        'key_lost' => ':file ließ sich nicht schreiben, und das Token ist verbraucht: Platz schaffen, und beim Betreiber des Hubs ein neues holen.',
        'no_token' => 'In :file ist kein Token.',
        'next' => 'Die Modelle in config/cognate.php nennen, dann eine Zeile in die Crontab:',
        'check' => 'Danach: php artisan cognate:doctor',
    ],
    'models' => ['none' => 'Keine Modelle: sie werden in config/cognate.php genannt.', 'told' => 'Der Hub weiß es.'],
    'doctor' => ['well' => 'Alles in Ordnung.', 'ill' => ':count Dinge sind zu beheben.'],
];
