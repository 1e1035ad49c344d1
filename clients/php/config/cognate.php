<?php

declare(strict_types=1);

return [
    // Off: nothing is captured, and nothing else changes.
    'enabled' => env('COGNATE_ENABLED', true),

    // The id of this application at the hub.
    'platform' => env('COGNATE_PLATFORM', ''),

    'hub' => [
        // https://hub.example.org:7400 for gRPC; http://127.0.0.1:7400 or unix:/path on the same machine.
        'address' => env('COGNATE_ADDRESS'),
        // The platform's key. A file is read again when it changes, and does not end up in a cached configuration.
        'key_file' => env('COGNATE_KEY_FILE'),
        'key' => env('COGNATE_KEY'),
        // auto, grpc, connect (plain HTTP/1.1, through the gateway) or ext-grpc.
        'transport' => env('COGNATE_TRANSPORT', 'auto'),
        // The only authority that is trusted, as PEM. Empty: those of the system.
        'ca_file' => env('COGNATE_CA_FILE'),
        // Seconds for one call, all its attempts together.
        'timeout' => (float) env('COGNATE_TIMEOUT', 30),
    ],

    // The models that may leave and be written, and no others: classes with the trait, or any class with what the trait would say:
    //     App\Models\Post::class,
    //     Vendor\Session::class => ['model' => 'sessions', 'fields' => ['id', 'user_id'], 'references' => ['user_id' => App\Models\User::class]],
    'models' => [],

    // When captured changes are sent: `cron` (by cognate:work alone), `terminating` (also when a response has left) or `queue` (also
    // by a job after the commit). Whichever: a save itself never waits for the hub.
    'send' => env('COGNATE_SEND', 'cron'),
    'queue' => env('COGNATE_QUEUE'),
    'send_seconds' => 5,

    // What a capture does that fails, such as without its tables: `report` logs it and the write stands, `throw` undoes the write.
    'capture_errors' => env('COGNATE_CAPTURE_ERRORS', 'report'),

    // Changes in one request, deliveries in one request, and for how many seconds these are lent out.
    'batch' => 500,
    'pull' => 200,
    'lease_seconds' => 60,

    // Deliveries that are written in one transaction. Default: 10 on SQLite, where the application's own saves wait for its end; else
    // as many as take a fifth of a second, 10 to 200.
    'transaction' => null,

    // How long `cognate:work` works when it is not told.
    'max_seconds' => 55,

    // A class that implements Cognate\Laravel\ActsAs: logs in whoever a delivery is to be written for.
    'acts_as' => null,

    // The database connection of the worker's own settings. Default: the application's.
    'connection' => null,

    // Whether listeners are told what became of records on other platforms.
    'events' => true,

    // The files of records: those that models declare by syncFiles(), and columns whose names have one of the words of `detect` in them.
    'files' => [
        'enabled' => env('COGNATE_FILES', true),
        // Of fields that name none: a disk of config/filesystems.php.
        'disk' => 'public',
        // Such as 'avatar,image,file,photo'.
        'detect' => env('COGNATE_FILES_DETECT', ''),
        // What is sent and taken where a field does not say it: extensions (empty: all but what runs), and bytes (0: no limit).
        'extensions' => [],
        'max_bytes' => 0,
        // For what is fetched before it is known which field it is for: a disk that nobody can browse.
        'staging' => 'local',
        // Classes for fields of kinds of your own: App\Models\User::class => App\Sync\UserFiles::class.
        'resolvers' => [],
        // Seconds that a turn may spend on large files before it looks at records again.
        'slice_seconds' => 2,
    ],

    // Where platforms are managed and records are edited: `is` on that application; elsewhere its platform's id, its address, and where
    // a record is edited there, by class or name of its model: App\Models\Post::class => '/admin/posts/{id}/edit'.
    'master' => [
        'is' => env('COGNATE_MASTER', false),
        'platform' => env('COGNATE_MASTER_PLATFORM', ''),
        'url' => env('COGNATE_MASTER_URL', ''),
        'records' => [],
    ],

    // The screens in Filament: a key of their own, since a platform's key sees nothing of other platforms; the model of those who are
    // notified, and its column that says in whose name a record was written.
    'filament' => [
        'key_file' => env('COGNATE_SCREENS_KEY_FILE'),
        'key' => env('COGNATE_SCREENS_KEY'),
        'users' => 'App\\Models\\User',
        'identity' => 'email',
    ],
];
