<?php

declare(strict_types=1);

return [
    'work' => [
        'done' => 'Sent :sent, received :received.',
        'busy' => 'Nothing was done: :why.',
        'obstacle' => 'Nothing is received: :why',
        'failed' => 'The hub: :why',
        'drift' => 'The catalogue has changed: :sync.',
    ],
    'push' => [
        'compared' => ':model: :created new, :updated changed, :deleted gone, :unchanged the same.',
        'sent' => ':sent sent, :pending left.',
        'unknown' => ':model is not among the models of config/cognate.php; want one of: :known.',
        'name' => 'Say which model to compare, or --all.',
    ],
    'pull' => ['done' => ':received received.'],
    'retry' => [
        'none' => 'Nothing is refused.',
        'done' => ':count records are captured again.',
        'gone' => 'Of :count more there is nothing to say any more.',
    ],
    'status' => [
        'platform' => 'Platform',
        'hub' => 'Hub',
        'pending' => 'To be sent',
        'oldest' => 'Oldest of them',
        'refused' => 'Refused by the hub',
        'worked' => 'Last work',
        'never' => 'never; is the cron line there?',
        'ago' => ':seconds s ago',
        'error' => 'Last error',
        'worker' => 'Worker',
        'nobody' => 'none right now',
        'troubles' => 'Troubles',
        'none' => 'none',
        'unreachable' => 'cannot be reached: :why',
        'reached' => 'reached by :transport',
        'states' => ['pending' => 'pending', 'refused' => 'refused', 'synced' => 'in sync', 'unknown' => 'not sent yet'],
    ],
    'install' => [
        'config' => 'config/cognate.php is there.',
        'kept' => 'config/cognate.php was there and stays as it is.',
        'tables' => 'The tables are there on: :connections.',
        'key' => 'The platform\'s key is in :file.',
        'key_exists' => ':file is there already; move it away, or name another file by --key-file.',
        'key_unwritable' => ':file cannot be written; name another file by --key-file. The token is not spent.',
        'key_lost' => ':file could not be written, and the token is spent: make room, and ask the hub\'s operator for another one.',
        'no_token' => ':file has no token in it.',
        'next' => 'Name the models in config/cognate.php, then add one line to the crontab:',
        'check' => 'Then: php artisan cognate:doctor',
    ],
    'models' => ['none' => 'No models: name them in config/cognate.php.', 'told' => 'The hub has been told.'],
    'doctor' => ['well' => 'All is well.', 'ill' => ':count things need to be mended.'],
];
